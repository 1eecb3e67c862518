import { z } from "zod";

/** The page's policy forbids code made from text, which zod would try. Called by each page that parses, so that the others need no zod. */
export const parseWithoutEval = (): void => {
  z.config({ jitless: true });
};
