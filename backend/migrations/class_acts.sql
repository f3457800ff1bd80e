-- Making, changing and deleting a class are acts: what they wrote is kept, and goes back with their run. See
-- docs/decisions/0067-classes-are-changed-by-acts.md.

SET LOCAL lock_timeout = '5s';

-- A class that was made goes with the act that made it, unless somebody is in it.
SELECT keep_facts_of('course_group', '{id}', '{insert,update,delete}');
SELECT keep_facts_of('course_group_instructor', '{course_group_id,learner_id}', '{insert,delete}');
