/** The contestants in the order of a round: each is first, second, third equally often, and follows each of the others. */
export function orderOf<Way>(ways: readonly Way[], round: number): Way[] {
  const turned = ways.map((_, at) => ways[(at + round) % ways.length] as Way);
  return Math.floor(round / ways.length) % 2 === 0 ? turned : turned.reverse();
}
