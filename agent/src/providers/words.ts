import { z } from "zod";

/** A list in a file, or words parted by commas in the environment. */
export const wordsSchema = z.preprocess(
  (value) =>
    typeof value === "string"
      ? value
          .split(",")
          .map((word) => word.trim())
          .filter((word) => word !== "")
      : value,
  z.array(z.string().min(1).max(300)).max(100),
);
