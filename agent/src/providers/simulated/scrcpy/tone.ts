/**
 * A tone of 440 Hz in Opus: 48 kHz, stereo, 20 ms a packet. Ten packets are 88 whole waves, so that they can be repeated without a seam.
 * Encoded once with libopus at 32 kbit/s.
 */
export const opusHead: Buffer = Buffer.from("T3B1c0hlYWQBAjgBgLsAAAAAAA==", "base64");

export const tonePackets: readonly Buffer[] = [
  "fIgB4Jy+SR2rvU4GVgy1wd0JOVZ+ENVb8d1IPf3YW4XKPhjzjrRN8nM5Vk76p+Nrcd8OvP9jF6LINT996HGJ+1+DRCOVHZLHtyQLuyi7PS8=",
  "fIgB4JgFc080xO8v7OW+d90ca2LrWLY+NPt9j/CLtnhUphg6MeXRi2uwbUxuePQVghb1kU4aeVuecAlU8z94WU3eUM9nvJ8jDufxhzhpAw8=",
  "fAgCCvXKSBkGIaJpQrRkKLjJBMseadVSEIjQK9j7Y9hQSwOJ6zTp2Te6AT/HW7aT/BA6RfNYCQO9/Wh2yLoyfnlp1kGWapiaTl6N/BUKbw8=",
  "fAgCCvXKSBjRxTD0227HFge1gyRaVDhOnGkrEoFjwHQL6V5dSjGVdesUIyNURIcvHA8lrvg57I/UhRKa8ZJimG55ZFzAtO/GROinvuiZPJ8=",
  "fAgCCvXKSBkF3vZCQZGETtjDTdK6EYxDA/X0IXtqS52njDfNDteA9QmcNBb6mqjhczYWCREvaEDxjJs9BQ37k5kFf9Lyy1YbELqDS5b07M8=",
  "fAgCCvXKSBigW/E3Z/T5UnbC1iDLQF/AJYZw38wzn2zNjlG5jemO/s/L4TEBbgYOOxNZQuhQc/nRGVf4dtWmk/HbKUrRqD/ZkKCxEUj6r18=",
  "fAgCCvXKSBk6TKg8ZP/F12+iYSAGGLZ38uk9sI9pS3xnzqD0uOewmWLf2kHsulUCRvV77Kp+PSaTb5rY/kiKqaTVhQxSpdsG4t+mppD+Qw8=",
  "fAgCCvXKSBjNvpcg62xykPk8D/f5+64M5gejXGIHQe7+I34D3RY+J2T0K/LNQK6aE4wf8I6W1K5v/+9CjtSf3so4eh+L01eO+9yJQvS3/J8=",
  "fAgCCvXKSBjSogjl0GfLLYrhXQs97mBM/jVfyJ/YM2WsClSsRVuxR130P4T/xJBsu2eX9Zgp2ns4vO11VCZsss5vFEEwKr8/61PIXV6h/J8=",
  "fAgCCvXKSBkF/zaeI1p1ZKKeI4I3hPYVLL9M9+uMVJi0iN1dQDUzaPllkstreETbj59dq4x2LJcx721Zm1NzkBRXU/Uvte9wJleL0IkFow8=",
].map((packet) => Buffer.from(packet, "base64"));

export const packetMs = 20;
