// The drawer, loaded once the window is there: nothing of it is needed to see the first place.
import { defineAsyncComponent } from 'vue'

const load = () => import('./ObjectDrawer.vue')

export const ObjectDrawer = defineAsyncComponent(load)

/** A list is opened to open what is in it: the first time shall be as fast as the others. */
export const loadDrawerSoon = (): unknown => requestIdleCallback(() => void load())
