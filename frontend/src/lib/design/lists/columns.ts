export interface Column {
  key: string;
  label: string;
  hideLabel?: boolean;
  /** A grid track such as `2fr` or `120px`. */
  width: string;
  /** The track on a narrow screen, where it is another. */
  narrow?: string;
  align?: 'start' | 'end';
  /** Left out on a narrow screen. */
  wide?: boolean;
  /** What the server calls the order by this column, if there is one. */
  sort?: string;
}

/** The tracks of the grid, with one for the boxes if rows have them. */
export function tracksOf(columns: Column[], boxes: boolean, narrow: boolean): string {
  const widths = columns.map((column) => {
    const width = (narrow && column.narrow) || column.width;
    return width.endsWith('fr') ? `minmax(0, ${width})` : width;
  });
  return (boxes ? '32px ' : '') + widths.join(' ');
}

/** Which way round this column's values run when the rows are in the order `sort`; undefined by another column. */
export function directionOf(column: Column, sort: string): 'ascending' | 'descending' | undefined {
  if (column.sort === undefined || column.sort !== sort.replace(/^-/, '')) return undefined;
  return sort.startsWith('-') ? 'descending' : 'ascending';
}

/** The order by this column, the other way round when rows are in it already. */
export function orderBy(column: Column, sort: string): string | undefined {
  return directionOf(column, sort) === 'ascending' ? `-${column.sort}` : column.sort;
}
