import { expect, it } from "vitest";
import { isSigned, newWebhookSecret, signedHeaders } from "./signature.ts";

const message = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: '{"test": 2432232314}' };

it("signs as the specification's own example does", () => {
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  expect(signedHeaders(message, { secret, nowMs: 1_614_265_330_999 })).toMatchObject({
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
});

it("is no signature of another body, time, id or secret", () => {
  const secret = newWebhookSecret();
  const { body } = message;
  const headers = signedHeaders(message, { secret, nowMs: 0 });
  expect(isSigned(headers, { body, secret })).toBe(true);
  expect(isSigned(headers, { body: `${body} `, secret })).toBe(false);
  expect(isSigned({ ...headers, "webhook-timestamp": "1" }, { body, secret })).toBe(false);
  expect(isSigned({ ...headers, "webhook-id": "other" }, { body, secret })).toBe(false);
  expect(isSigned(headers, { body, secret: newWebhookSecret() })).toBe(false);
  expect(isSigned({}, { body, secret })).toBe(false);
});
