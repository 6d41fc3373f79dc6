/** A sequence that one generation has to itself until it is released. */
export interface SequenceLease<Sequence> {
  sequence: Sequence;
  /** Gives the sequence back. May be called more than once. */
  release(): void;
}

interface Slot<Sequence> {
  sequence: Sequence;
  /** The conversation whose tokens are in its cache. */
  conversation: string | undefined;
  busy: boolean;
  usedAt: number;
}

interface Waiter<Sequence> {
  conversation: string | undefined;
  give: (slot: Slot<Sequence>) => void;
}

/**
 * Shares the sequences of one llama.cpp context between conversations. A conversation gets the sequence that it used
 * last if that is free, since its cache then holds the prompt so far; else the least recently used one gives way.
 * Who finds none free waits, first come first served.
 */
export class SequencePool<Sequence> {
  private readonly slots: Slot<Sequence>[];
  private readonly waiters: Waiter<Sequence>[] = [];
  private clock = 0;

  constructor(sequences: Sequence[]) {
    this.slots = sequences.map((sequence) => ({ sequence, conversation: undefined, busy: false, usedAt: 0 }));
  }

  get size(): number {
    return this.slots.length;
  }

  /** @throws the signal's reason when it is aborted while waiting. */
  async acquire(conversation?: string, signal?: AbortSignal): Promise<SequenceLease<Sequence>> {
    signal?.throwIfAborted();
    const free = this.pick(conversation);
    return this.lease(free ?? await this.wait(conversation, signal), conversation);
  }

  private pick(conversation: string | undefined): Slot<Sequence> | undefined {
    const free = this.slots.filter(({ busy }) => !busy);
    const warm = conversation === undefined ? undefined : free.find((slot) => slot.conversation === conversation);
    return warm ?? free.reduce<Slot<Sequence> | undefined>((oldest, slot) => (oldest === undefined || slot.usedAt < oldest.usedAt ? slot : oldest), undefined);
  }

  private wait(conversation: string | undefined, signal: AbortSignal | undefined): Promise<Slot<Sequence>> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.waiters.splice(this.waiters.indexOf(waiter), 1);
        reject(signal?.reason as Error);
      };
      const waiter: Waiter<Sequence> = {
        conversation,
        give: (slot) => {
          signal?.removeEventListener("abort", abort);
          resolve(slot);
        },
      };
      this.waiters.push(waiter);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  private lease(slot: Slot<Sequence>, conversation: string | undefined): SequenceLease<Sequence> {
    slot.busy = true;
    slot.conversation = conversation;
    slot.usedAt = ++this.clock;
    let released = false;
    return {
      sequence: slot.sequence,
      release: () => {
        if (released) return;
        released = true;
        const next = this.waiters.shift();
        // Stays busy when somebody waits: it changes hands before anybody else can ask.
        if (next === undefined) slot.busy = false;
        else next.give(slot);
      },
    };
  }
}
