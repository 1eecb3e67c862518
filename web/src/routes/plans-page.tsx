export { BuyPage as PlansPage } from "../features/plans/buy-page.tsx";
