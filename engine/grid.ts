/** Most workgroups along one dimension of a dispatch. */
export const MAX_GROUPS = 65535;

/** A grid of at least `groups` workgroups, folded into y where x is full. */
export function foldGrid(groups: number): readonly [number, number, number] {
  const x = Math.min(groups, MAX_GROUPS);
  return [x, Math.ceil(groups / x), 1];
}
