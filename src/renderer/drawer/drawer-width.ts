// How wide the drawer is, as CSS: as the user made it, but with room for the place beside it, as long as there is any.

/** What a list tells a row by: its name and how it is. */
const BESIDE_PX = 440
export const LEAST_DRAWER_PX = 420

/** @param chosen px */
export const drawerWidth = (chosen: number): string =>
  `max(min(100%, ${LEAST_DRAWER_PX}px), min(${chosen}px, 100% - ${BESIDE_PX}px))`
