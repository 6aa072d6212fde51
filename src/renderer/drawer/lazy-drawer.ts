// The drawer, loaded once the window is there: nothing of it is needed to see the first place.
import { lazyOf } from '../lazy/lazy-component.ts'
import { createPart } from '../lazy/part.ts'
import DrawerFrame from './DrawerFrame.vue'

const drawer = createPart(async () => (await import('./ObjectDrawer.vue')).default)

export const ObjectDrawer = lazyOf(drawer, DrawerFrame)

/** A list is opened to open what is in it: the first time shall be as fast as the others. */
export const loadDrawerSoon = (): unknown => requestIdleCallback(() => void drawer.ask())
