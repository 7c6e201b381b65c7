/**
 * Where more load stops to buy throughput: the point farthest above the straight line from the first to the last
 * (Kneedle, Satopää et al. 2011, on one pass). Undefined where there is none: fewer than three points, or a line that
 * is straight to within 5% of its height.
 */
export function findKnee(points: readonly { readonly x: number; readonly y: number }[]): number | undefined {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined || points.length < 3 || last.x === first.x) return undefined;
  const height = Math.max(...points.map(({ y }) => y)) - Math.min(...points.map(({ y }) => y));
  let best: { readonly x: number; readonly above: number } = { x: first.x, above: 0 };
  for (const { x, y } of points) {
    const line = first.y + ((last.y - first.y) * (x - first.x)) / (last.x - first.x);
    if (y - line > best.above) best = { x, above: y - line };
  }
  return best.above > 0.05 * height && best.above > 0 ? best.x : undefined;
}
