import { LiveWord, type Word } from "../live.ts";
import { PARAM_BYTES } from "../pipeline.ts";
import { putWords } from "../recorder.ts";
import { COPY_DST, UNIFORM } from "../usage.ts";

/** A word that replays work out, and where it is. */
interface Patch {
  readonly at: number;
  readonly word: LiveWord;
}

/**
 * The parameter blocks of all dispatches of a plan in one buffer, equal ones once. Those with words
 * that change come first, and are written again where one has changed.
 */
export class PlanParams {
  readonly gpu: GPUBuffer;
  /** Where each block lies, in the order they were given. */
  readonly offsets: readonly number[];
  readonly #words: Uint32Array<ArrayBuffer>;
  readonly #patches: readonly Patch[];
  /** Words up to the end of the last block that changes. */
  readonly #changing: number;

  constructor(gpu: GPUDevice, blocks: readonly (readonly Word[])[]) {
    const align = gpu.limits.minUniformBufferOffsetAlignment / 4;
    const patches: Patch[] = [];
    const known = new Map<string, number>();
    const offsets: number[] = [];
    let end = 0;
    const place = (block: readonly Word[], i: number) => {
      offsets[i] = end * 4;
      block.forEach((word, k) => word instanceof LiveWord && patches.push({ at: end + k, word }));
      end += Math.ceil(block.length / align) * align;
    };
    const isLive = (block: readonly Word[]) => block.some((word) => word instanceof LiveWord);
    blocks.forEach((block, i) => isLive(block) && place(block, i));
    this.#changing = end;
    blocks.forEach((block, i) => {
      if (isLive(block)) return;
      const key = block.join();
      const found = known.get(key);
      if (found === undefined) place(block, i);
      known.set(key, offsets[i] = found ?? offsets[i] as number); // placed just now
    });
    this.offsets = offsets;
    this.#patches = patches;
    this.#words = new Uint32Array(end + PARAM_BYTES / 4); // as much is bound from the last offset
    blocks.forEach((block, i) => putWords(block, this.#words, (offsets[i] ?? 0) / 4));
    const size = this.#words.byteLength;
    this.gpu = gpu.createBuffer({ label: "plan params", size, usage: UNIFORM | COPY_DST });
    gpu.queue.writeBuffer(this.gpu, 0, this.#words);
  }

  /** Brings the words up to date. */
  write(queue: GPUQueue): void {
    let changed = false;
    for (const { at, word } of this.#patches) {
      const { bits } = word;
      if (this.#words[at] === bits) continue;
      this.#words[at] = bits;
      changed = true;
    }
    if (changed) queue.writeBuffer(this.gpu, 0, this.#words, 0, this.#changing);
  }

  /** Frees the buffer. */
  free(): void {
    this.gpu.destroy();
  }
}
