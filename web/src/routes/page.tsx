import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { queries } from "../api.ts";
import { Messages } from "../ui/messages.tsx";
import { router } from "./router.tsx";

/** The whole page: its data, its addresses, and where it says things shortly. */
export function Page() {
  return (
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
      <Messages />
    </QueryClientProvider>
  );
}
