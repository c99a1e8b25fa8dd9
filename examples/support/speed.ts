// How fast the steps go just now.

const WINDOW = 15; // seconds: long enough to even out validations, short enough to follow changes

/**
 * Makes a function that is told each finished step and gives the speed.
 *
 * @param now seconds on any clock
 * @returns steps per second over the last 15 seconds, or since the first step
 */
export function makeSpeedometer(now: () => number): (step: number) => number {
  const marks: { readonly step: number; readonly time: number }[] = [{ step: 0, time: now() }];
  return (step) => {
    const time = now();
    marks.push({ step, time });
    // The first step compiles the kernels; it says nothing about the others.
    if (marks.length === 3 && marks[0]?.step === 0) marks.shift();
    // Keep one mark that is older than the window, to measure from.
    while (marks.length > 2 && time - (marks[1]?.time ?? time) > WINDOW) marks.shift();
    const first = marks[0] ?? { step: 0, time };
    return (step - first.step) / Math.max(time - first.time, 1e-9);
  };
}
