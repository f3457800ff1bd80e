"""Operations: what is measured of the database, and what is stored and cannot be read."""
