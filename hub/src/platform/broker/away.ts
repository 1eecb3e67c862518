import { Fault } from "@cloudphone/shared/fault";

/** The broker can't be reached at this moment: nothing is wrong with what should be said, and it is said later. */
export class BrokerAway extends Fault {
  constructor(options?: { cause?: unknown }) {
    super("unavailable", "The MQTT broker can't be reached; try again.", options);
  }
}
