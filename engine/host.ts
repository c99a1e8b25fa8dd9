// What a host gives the engine. Behind "#gpu" stands one of gpu_node.ts, gpu_deno.ts, gpu_web.ts.

/** Whether a software adapter may be used: when there is no GPU, never, or in any case. */
export type SoftwareChoice = "auto" | "never" | "only";

/** An adapter, and whether it computes on the CPU. */
export interface AdapterChoice {
  readonly adapter: GPUAdapter;
  readonly software: boolean;
}

/** The place the package runs in: where its adapters come from and where it talks to a person. */
export interface Host {
  readonly name: "node" | "deno" | "browser";

  /**
   * Picks an adapter: the host's GPU first, then, if `software` allows it, a software adapter.
   * Announces nothing. A new adapter at each call, as WebGPU gives one device per adapter.
   *
   * @param options passed on to the host's own `requestAdapter`
   * @param toggles names of Dawn toggles to switch on, such as `disable_robustness`; Node only
   * @throws GpuError if there is none, saying what was tried and how to get one
   */
  requestAdapter(
    software: SoftwareChoice,
    options?: GPURequestAdapterOptions,
    toggles?: readonly string[],
  ): Promise<AdapterChoice>;

  /**
   * Waits for work of an adapter, leaving the processors to a software adapter as far as the host
   * can.
   */
  waitFor<R>(work: Promise<R>, software: boolean): Promise<R>;

  /** Shows the person one line, away from the program's own output. */
  announce(line: string): void;
}
