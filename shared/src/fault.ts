/**
 * Every refusal and failure the platform tells a person or a program, in one table. A `Fault` crosses
 * process edges as `{code, message}`; its message says, in words for a person, what to do next and
 * never holds a secret or a stack.
 */
export const faultCodes = {
  bad_input: { retryable: false, trpc: "BAD_REQUEST", exit: 2 },
  unauthenticated: { retryable: false, trpc: "UNAUTHORIZED", exit: 3 },
  forbidden: { retryable: false, trpc: "FORBIDDEN", exit: 4 },
  not_found: { retryable: false, trpc: "NOT_FOUND", exit: 5 },
  conflict: { retryable: false, trpc: "CONFLICT", exit: 6 },
  in_progress: { retryable: true, trpc: "CONFLICT", exit: 6 },
  idempotency_mismatch: { retryable: false, trpc: "UNPROCESSABLE_CONTENT", exit: 6 },
  too_large: { retryable: false, trpc: "PAYLOAD_TOO_LARGE", exit: 2 },
  bad_package: { retryable: false, trpc: "UNPROCESSABLE_CONTENT", exit: 2 },
  insufficient_balance: { retryable: false, trpc: "PRECONDITION_FAILED", exit: 7 },
  no_device: { retryable: true, trpc: "PRECONDITION_FAILED", exit: 7 },
  no_capacity: { retryable: true, trpc: "PRECONDITION_FAILED", exit: 7 },
  stale_lease: { retryable: false, trpc: "CONFLICT", exit: 6 },
  device_not_running: { retryable: true, trpc: "PRECONDITION_FAILED", exit: 7 },
  install_failed: { retryable: false, trpc: "UNPROCESSABLE_CONTENT", exit: 8 },
  device_failed: { retryable: true, trpc: "INTERNAL_SERVER_ERROR", exit: 8 },
  timed_out: { retryable: true, trpc: "TIMEOUT", exit: 9 },
  interrupted: { retryable: true, trpc: "INTERNAL_SERVER_ERROR", exit: 9 },
  unavailable: { retryable: true, trpc: "SERVICE_UNAVAILABLE", exit: 9 },
  disk_full: { retryable: true, trpc: "SERVICE_UNAVAILABLE", exit: 9 },
  unsupported: { retryable: false, trpc: "NOT_IMPLEMENTED", exit: 2 },
  internal: { retryable: false, trpc: "INTERNAL_SERVER_ERROR", exit: 1 },
} as const satisfies Record<string, { retryable: boolean; trpc: string; exit: number }>;

export type FaultCode = keyof typeof faultCodes;

export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: FaultCode;

  constructor(code: FaultCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** Keeps a Fault as it is; anything else becomes `internal`, its cause kept and its message not shown. */
export function toFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault("internal", "Something went wrong inside the platform; the log has the cause.", {
    cause: error,
  });
}

export const isFaultCode = (text: string): text is FaultCode => Object.hasOwn(faultCodes, text);
