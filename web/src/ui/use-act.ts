import { useMutation, useQueryClient, type UseMutationResult } from "@tanstack/react-query";
import { useRef } from "react";
import { say } from "./messages.tsx";
import { useRefusalWords } from "./use-refusal-words.ts";

interface ActOptions<T> {
  /** First words of the queries whose answers it changes: "wallet.", "orders.". */
  readonly changes: readonly string[];
  /** Said once it is done. */
  readonly done?: string;
  onDone?(answer: T): void;
}

/**
 * Something that a person does with a click. `work` gets a key that stays the same until it has succeeded, so that a second click, or one more try after an
 * answer that got lost, is the same wish and not another one.
 */
export function useAct<Wish, T>(
  work: (wish: Wish, key: string) => Promise<T>,
  { changes, done, onDone }: ActOptions<T>,
): UseMutationResult<T, Error, Wish> {
  const client = useQueryClient();
  const words = useRefusalWords();
  const key = useRef<{ wish: string; key: string } | null>(null);
  return useMutation({
    mutationFn: (wish: Wish) => {
      const said = JSON.stringify(wish) ?? "";
      if (key.current?.wish !== said) key.current = { wish: said, key: crypto.randomUUID() };
      return work(wish, key.current.key);
    },
    onSuccess: (answer) => {
      key.current = null;
      if (done !== undefined) say("success", done);
      onDone?.(answer);
    },
    onError: (error) => say("error", words(error)),
    onSettled: () =>
      client.invalidateQueries({
        predicate: ({ queryKey }) => changes.some((area) => String(queryKey[0]).startsWith(area)),
      }),
  });
}
