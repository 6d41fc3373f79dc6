/** The contestants in the order of a round, the first being 0: each is first, second, third equally often, and follows each of the others. Two change places every time. */
export function orderOf<Way>(ways: readonly Way[], round: number): Way[] {
  const turned = ways.map((_, at) => ways[(at + round) % ways.length] as Way);
  // Turning two is turning them round.
  return ways.length === 2 || Math.floor(round / ways.length) % 2 === 0 ? turned : turned.reverse();
}
