import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Navigate,
  Outlet,
} from "@tanstack/react-router";
import { Missing } from "../ui/missing.tsx";
import { Shell } from "../ui/shell.tsx";
import { useUser } from "../ui/use-user.ts";
import { PhonesPage } from "./phones-page.tsx";
import { SignInPage } from "./sign-in-page.tsx";

const root = createRootRoute({ component: Outlet, notFoundComponent: Missing });

const signInRoute = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (search: Record<string, unknown>): { to?: string } =>
    // A path of this page, and nothing that leads elsewhere.
    typeof search.to === "string" && /^\/(?!\/)/.test(search.to) ? { to: search.to } : {},
  component: function SignInRoute() {
    return <SignInPage to={signInRoute.useSearch().to ?? "/"} />;
  },
});

const signedIn = createRoute({
  getParentRoute: () => root,
  id: "signed-in",
  component: function SignedIn() {
    const to = window.location.pathname;
    return useUser() ? <Shell /> : <Navigate to="/sign-in" search={to === "/" ? {} : { to }} />;
  },
});

const phones = createRoute({
  getParentRoute: () => signedIn,
  path: "/",
  component: PhonesPage,
});

const phone = createRoute({
  getParentRoute: () => signedIn,
  path: "/phones/$device",
  validateSearch: (search: Record<string, unknown>): { look?: true } =>
    search.look === true ? { look: true } : {},
  component: lazyRouteComponent(() => import("./phone-page.tsx"), "PhonePage"),
});

export const router = createRouter({
  routeTree: root.addChildren([signInRoute, signedIn.addChildren([phones, phone])]),
  defaultPreload: "intent",
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
