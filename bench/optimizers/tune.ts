// The search for a learning rate.

/** A rate that was tried, with the loss that it led to; Infinity where it diverged. */
export interface Trial {
  readonly lr: number;
  readonly loss: number;
}

/** Rates that the search never leaves: to get here something must be off. */
const RANGE = [1e-8, 1e8] as const;
/** Places for the rates: 1 and 3 times powers of ten. */
const COARSE = [1, 3] as const;
/** Between two of them. */
const FINE = 1.5;

/** The rate `index` places from 1: 1, 3, 10, 30 and so on. */
export function coarseRate(index: number): number {
  const [one, three] = COARSE;
  const power = Math.floor(index / 2);
  return Number(`${index % 2 === 0 ? one : three}e${power}`);
}

/** The place next to a rate. */
function placeOf(lr: number): number {
  return Math.round(2 * Math.log10(lr));
}

/**
 * The rate with the least loss: rates a factor of about 3 apart, from a guess on in both directions
 * until the loss rises, then those a factor of 1.5 beside the best.
 *
 * @param guess > 0
 * @returns all trials, the best first
 * @throws RangeError if the search gets to an end of the range
 */
export async function searchRate(
  guess: number, lossOf: (lr: number) => Promise<number>,
): Promise<readonly [Trial, ...Trial[]]> {
  const tried = new Map<number, number>();
  const lossAt = async (lr: number): Promise<number> => {
    const known = tried.get(lr);
    if (known !== undefined) return known;
    const loss = await lossOf(lr);
    tried.set(lr, loss);
    return loss;
  };
  let place = placeOf(guess);
  while (await lossAt(checked(place)) === Infinity) place--;
  for (const direction of [-1, 1]) {
    while (await lossAt(checked(place + direction)) < await lossAt(checked(place))) {
      place += direction;
    }
  }
  const best = coarseRate(place);
  for (const lr of [best * FINE, best / FINE]) await lossAt(Number(lr.toPrecision(2)));
  const trials = [...tried].map(([lr, loss]) => ({ lr, loss }));
  return trials.sort((a, b) => a.loss - b.loss) as [Trial, ...Trial[]]; // at least the guess
}

function checked(place: number): number {
  const lr = coarseRate(place);
  if (lr >= RANGE[0] && lr <= RANGE[1]) return lr;
  throw new RangeError(
    `searchRate: no best rate between ${RANGE[0]} and ${RANGE[1]}: the end was reached. `
      + `Check the optimizer.`,
  );
}
