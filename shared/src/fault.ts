/**
 * Every refusal and failure the platform tells a person or a program, in one table. A `Fault` crosses
 * process edges as `{code, message}`; its message says, in words for a person, what to do next and
 * never holds a secret or a stack.
 */
export const faultCodes = {
  bad_input: { retryable: false, trpc: "BAD_REQUEST", http: 400, exit: 2 },
  unauthenticated: { retryable: false, trpc: "UNAUTHORIZED", http: 401, exit: 3 },
  too_many_tries: { retryable: false, trpc: "TOO_MANY_REQUESTS", http: 429, exit: 3 },
  rate_limited: { retryable: true, trpc: "TOO_MANY_REQUESTS", http: 429, exit: 9 },
  forbidden: { retryable: false, trpc: "FORBIDDEN", http: 403, exit: 4 },
  not_found: { retryable: false, trpc: "NOT_FOUND", http: 404, exit: 5 },
  conflict: { retryable: false, trpc: "CONFLICT", http: 409, exit: 6 },
  in_progress: { retryable: true, trpc: "CONFLICT", http: 409, exit: 6 },
  idempotency_mismatch: { retryable: false, trpc: "UNPROCESSABLE_CONTENT", http: 422, exit: 6 },
  too_large: { retryable: false, trpc: "PAYLOAD_TOO_LARGE", http: 413, exit: 2 },
  bad_package: { retryable: false, trpc: "UNPROCESSABLE_CONTENT", http: 422, exit: 2 },
  insufficient_balance: { retryable: false, trpc: "PRECONDITION_FAILED", http: 412, exit: 7 },
  no_device: { retryable: true, trpc: "PRECONDITION_FAILED", http: 412, exit: 7 },
  no_capacity: { retryable: true, trpc: "PRECONDITION_FAILED", http: 412, exit: 7 },
  stale_lease: { retryable: false, trpc: "CONFLICT", http: 409, exit: 6 },
  device_not_running: { retryable: true, trpc: "PRECONDITION_FAILED", http: 412, exit: 7 },
  cancelled: { retryable: false, trpc: "CONFLICT", http: 409, exit: 6 },
  install_failed: { retryable: false, trpc: "UNPROCESSABLE_CONTENT", http: 422, exit: 8 },
  device_failed: { retryable: true, trpc: "INTERNAL_SERVER_ERROR", http: 500, exit: 8 },
  timed_out: { retryable: true, trpc: "TIMEOUT", http: 408, exit: 9 },
  interrupted: { retryable: true, trpc: "INTERNAL_SERVER_ERROR", http: 500, exit: 9 },
  unavailable: { retryable: true, trpc: "SERVICE_UNAVAILABLE", http: 503, exit: 9 },
  disk_full: { retryable: true, trpc: "SERVICE_UNAVAILABLE", http: 503, exit: 9 },
  unsupported: { retryable: false, trpc: "NOT_IMPLEMENTED", http: 501, exit: 2 },
  internal: { retryable: false, trpc: "INTERNAL_SERVER_ERROR", http: 500, exit: 1 },
} as const satisfies Record<
  string,
  { retryable: boolean; trpc: string; http: number; exit: number }
>;

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
