// `v-scrolls` on what may be longer than its place and holds nothing that takes the keys: while there is something to
// scroll to, Tab stops there, and arrows scroll.
import type { ObjectDirective } from 'vue'

const observers = new WeakMap<HTMLElement, ResizeObserver>()

function update(element: HTMLElement): void {
  const { scrollHeight, clientHeight, scrollWidth, clientWidth } = element
  if (scrollHeight > clientHeight || scrollWidth > clientWidth) element.tabIndex = 0
  else element.removeAttribute('tabindex')
}

export const vScrolls: ObjectDirective<HTMLElement> = {
  mounted(element) {
    const observer = new ResizeObserver(() => update(element))
    observer.observe(element)
    observers.set(element, observer)
    update(element)
  },
  updated: update,
  unmounted(element) {
    observers.get(element)?.disconnect()
    observers.delete(element)
  },
}
