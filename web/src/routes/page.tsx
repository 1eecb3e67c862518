import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { queries } from "../api.ts";
import { Look } from "../ui/look.tsx";
import { router } from "./router.tsx";

/** The whole page: its look, its data, its addresses. */
export function Page() {
  return (
    <Look>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </Look>
  );
}
