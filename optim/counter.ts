import { type HostState, atReplay } from "../engine/index.ts";

/** Counts steps, those of compiled steps too. */
export class Counter implements HostState {
  count = 0;

  /** Counts one more. */
  advance(): void {
    atReplay(this, () => void this.count++);
  }

  /** See `HostState`. */
  mark(): () => void {
    const { count } = this;
    return () => void (this.count = count);
  }
}
