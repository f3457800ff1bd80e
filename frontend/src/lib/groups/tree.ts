import type { Group, Id } from '$lib/api';
import { plain } from '$lib/design';

/** A line of the tree as it is drawn. */
export interface Line {
  group: Group;
  depth: number;
  hasChildren: boolean;
  isOpen: boolean;
}

/** The lines to draw: what is inside open groups, or, with a search, whatever matches and what it is inside of. */
export function linesOf(groups: Group[], open: ReadonlySet<Id>, query: string): Line[] {
  const byId = new Map(groups.map((group) => [group.id, group]));
  const inside = new Map<Id | null, Group[]>();
  for (const group of groups) {
    // A parent that one may not see leaves its children at the top.
    const parent = group.parent_id !== null && byId.has(group.parent_id) ? group.parent_id : null;
    inside.set(parent, [...(inside.get(parent) ?? []), group]);
  }
  for (const siblings of inside.values()) siblings.sort((a, b) => a.name.localeCompare(b.name));

  const wanted = query.trim() ? ancestorsAndSelf(groups, byId, plain(query.trim())) : null;
  const lines: Line[] = [];
  const visit = (parent: Id | null, depth: number) => {
    for (const group of inside.get(parent) ?? []) {
      if (wanted && !wanted.has(group.id)) continue;
      const children = inside.get(group.id) ?? [];
      const isOpen = wanted ? children.some((child) => wanted.has(child.id)) : open.has(group.id);
      lines.push({ group, depth, hasChildren: children.length > 0, isOpen });
      if (isOpen) visit(group.id, depth + 1);
    }
  };
  visit(null, 0);
  return lines;
}

function ancestorsAndSelf(groups: Group[], byId: Map<Id, Group>, text: string): Set<Id> {
  const found = new Set<Id>();
  for (const group of groups) {
    if (!plain(group.name).includes(text)) continue;
    for (let at: Group | undefined = group; at && !found.has(at.id); at = byId.get(at.parent_id ?? -1))
      found.add(at.id);
  }
  return found;
}

/** The groups a group is inside of, from the outermost. */
export function pathTo(groups: Group[], id: Id): Group[] {
  const byId = new Map(groups.map((group) => [group.id, group]));
  const path: Group[] = [];
  for (let at = byId.get(id); at && !path.includes(at); at = byId.get(at.parent_id ?? -1)) path.unshift(at);
  return path;
}
