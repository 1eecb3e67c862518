/** One answer for all who ask within `ms`: many loops look at the same thing once a second each. A failure is told to those who waited for it, and forgotten. */
export function sharedAnswer<T>(ms: number, ask: () => Promise<T>): () => Promise<T> {
  let last: { readonly askedMs: number; readonly answer: Promise<T> } | null = null;
  return () => {
    const nowMs = performance.now();
    if (last && nowMs - last.askedMs < ms) return last.answer;
    const asked = { askedMs: nowMs, answer: ask() };
    last = asked;
    asked.answer.catch(() => {
      if (last === asked) last = null;
    });
    return asked.answer;
  };
}
