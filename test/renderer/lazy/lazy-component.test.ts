// The place of a part that is loaded when it is first drawn.
import { createApp, defineComponent, h, nextTick } from 'vue'
import { expect, it } from 'vitest'
import { lazy } from '@/lazy/lazy-component.ts'

it('a part that is on its way is marked as loading from its first moment, though nothing is seen of that', async () => {
  let arrive = (_: { default: object }) => undefined as unknown
  const Part = lazy(() => new Promise<{ default: object }>(resolve => (arrive = resolve)))
  const root = document.createElement('div')
  const app = createApp(defineComponent({ render: () => h(Part) }))
  app.mount(root)
  await nextTick()
  const mark = root.querySelector<HTMLElement>('[data-empty=loading]')
  expect([mark?.hidden, root.textContent]).toEqual([true, ''])
  arrive({ default: defineComponent({ render: () => h('p', 'here') }) })
  await expect.poll(() => root.innerHTML).toBe('<p>here</p>')
  app.unmount()
})
