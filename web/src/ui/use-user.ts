import { useSyncExternalStore } from "react";
import { type SignedInUser, signIn } from "../sign-in.ts";

export const useUser = (): SignedInUser | null =>
  useSyncExternalStore(signIn.subscribe, signIn.user);
