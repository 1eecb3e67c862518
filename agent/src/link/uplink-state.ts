/**
 * What of the outbox is on the wire. Pure: the uplink asks it what to send and tells it what happened.
 *
 * After the link opens nothing is sent until the hub has said how far it is (`acked`, with resend). From then on rows follow each other; a
 * broker's PUBACK means nothing; only our own cumulative ack moves `ackedSeq`. A hub that is silent for `stallMs` while rows are on the
 * wire gets them again.
 */
export interface UplinkState {
  readonly linked: boolean;
  readonly ackedSeq: number;
  /** Last row handed to the broker on this link. */
  readonly sentSeq: number;
  readonly window: number;
  /** When an ack last moved, or rows first went out, on the monotonic clock. */
  readonly progressMs: number;
}

export const stallMs = 10_000;

export const unlinked = (ackedSeq: number): UplinkState => ({
  linked: false,
  ackedSeq,
  sentSeq: ackedSeq,
  window: 0,
  progressMs: 0,
});

export interface AckNews {
  readonly seq: number;
  readonly window: number;
  readonly resend: boolean;
}

export function onAck(state: UplinkState, ack: AckNews, nowMs: number): UplinkState {
  const ackedSeq = Math.max(state.ackedSeq, ack.seq);
  const again = ack.resend || !state.linked;
  return {
    linked: true,
    ackedSeq,
    sentSeq: again ? ackedSeq : Math.max(state.sentSeq, ackedSeq),
    window: ack.window,
    progressMs: ackedSeq > state.ackedSeq || again ? nowMs : state.progressMs,
  };
}

/** How many rows may go out now, after `sentSeq`. */
export const room = (state: UplinkState): number =>
  state.linked ? Math.max(0, state.window - (state.sentSeq - state.ackedSeq)) : 0;

export function onSent(state: UplinkState, lastSeq: number, nowMs: number): UplinkState {
  const idle = state.sentSeq === state.ackedSeq;
  return { ...state, sentSeq: lastSeq, progressMs: idle ? nowMs : state.progressMs };
}

/** Sends everything unacknowledged again when the hub has been silent for too long. */
export function onTick(state: UplinkState, nowMs: number): UplinkState {
  const waiting = state.sentSeq > state.ackedSeq;
  if (!state.linked || !waiting || nowMs - state.progressMs < stallMs) return state;
  return { ...state, sentSeq: state.ackedSeq, progressMs: nowMs };
}
