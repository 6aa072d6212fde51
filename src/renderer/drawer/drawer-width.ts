// How wide the drawer is, as CSS: as the user made it, but with room for the place beside it, as long as there is any;
// where nothing could be read beside it, it takes all.

/** What a list tells a row by: its name and how it is. */
const BESIDE_PX = 440
export const LEAST_DRAWER_PX = 420
/** Where a place is narrower, a list beside the drawer would have both of that cut. */
const LEAST_TOGETHER_PX = LEAST_DRAWER_PX + 360

/** @param chosen px */
export const drawerWidth = (chosen: number): string =>
  `max(min(100%, ${LEAST_DRAWER_PX}px), min(${chosen}px, 100% - ${BESIDE_PX}px), min(100%, (${LEAST_TOGETHER_PX}px - 100%) * 1000))`

/** What of the place the drawer takes: none where it lies over all of it. @param chosen px */
export const besideDrawer = (chosen: number): string =>
  `max(0px, min(${drawerWidth(chosen)}, (100% - ${LEAST_TOGETHER_PX}px) * 1000))`
