import { Fault } from "@cloudphone/shared/fault";

/** What dockerode rejects with: Node's error of the socket, or the daemon's answer. */
interface EngineError {
  readonly code?: string;
  readonly statusCode?: number;
  readonly json?: unknown;
  readonly message: string;
}

/** The HTTP status of the daemon's answer; null when none came. */
export const statusOf = (error: unknown): number | null =>
  (error as EngineError).statusCode ?? null;

/** What the daemon said. dockerode's own text guesses the cause from the status, and is wrong for a missing image. */
export function saidBy(error: unknown): string {
  const { json, message } = error as EngineError;
  if (json !== null && typeof json === "object" && "message" in json) return String(json.message);
  return message;
}

/** Any failure of a call to Docker, in words for a person. */
export function toEngineFault(error: unknown, host: string): Fault {
  if (error instanceof Fault) return error;
  const said = saidBy(error).trim();
  const { code } = error as EngineError;
  const fault = (faultCode: Fault["code"], message: string): Fault =>
    new Fault(faultCode, message, { cause: error });
  if (/no space left on device|disk quota exceeded/i.test(said))
    return fault("disk_full", "The disk that Docker keeps its data on is full; free some space.");
  if (/overlap/i.test(said))
    return fault(
      "conflict",
      `The addresses for the phones' network are in use on this machine; set CLOUDPHONE_DOCKER_SUBNET to others. Docker: ${said}`,
    );
  if (code === "EACCES")
    return fault(
      "unavailable",
      `The agent may not use Docker at ${host}: add its user to the group docker.`,
    );
  if (statusOf(error) === null)
    return fault(
      "unavailable",
      `Docker does not answer at ${host} (${code ?? said}): is it installed and running?`,
    );
  if (statusOf(error) === 404) return fault("not_found", `Docker: ${said}`);
  if (statusOf(error) === 409) return fault("conflict", `Docker: ${said}`);
  if (/error gathering device information|no such device|no such file or directory/i.test(said))
    return fault(
      "device_failed",
      `Docker could not start the phone; this machine lacks something: ${said}`,
    );
  return fault("device_failed", `Docker refused: ${said}`);
}
