// Plain links to places of the window are followed without a reload; those meant for another tab are the browser's.
import { afterEach, describe, expect, it } from 'vitest'
import { type App, createApp, h, nextTick } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { Node } from '../../src/shared/api/core/v1.ts'
import { useFollowLinks } from '@/composables/follow-links.ts'
import { objectLink } from '@/kinds/cells.ts'

let app: App | undefined
afterEach(() => {
  app?.unmount()
  document.body.replaceChildren()
})

async function rowWithLink() {
  const router = createRouter({
    history: createMemoryHistory('/ui/'),
    routes: [
      { path: '/', name: 'overview', component: { render: () => null } },
      { path: '/k/:group/:version/:plural', name: 'list', component: { render: () => null } },
    ],
  })
  let opened = 0
  const host = document.createElement('div')
  document.body.append(host)
  app = createApp({
    setup: () => (useFollowLinks(), () => h('div', { onClick: () => opened++ }, [objectLink(Node, 'a b', 'box&1')])),
  })
  app.use(router).mount(host)
  await router.isReady()
  const link = host.querySelector('a')!
  /** @returns whether the browser is left to follow it */
  const click = async (init: MouseEventInit = {}) => {
    const isLeft = link.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, ...init }))
    await nextTick()
    await new Promise(resolve => setTimeout(resolve))
    return isLeft
  }
  return { router, click, link, opened: () => opened }
}

describe('useFollowLinks()', () => {
  it('leads to the object, and the row around the link does not open', async () => {
    const { router, click, opened } = await rowWithLink()
    expect(await click()).toBe(false)
    expect(router.currentRoute.value.params).toEqual({ group: 'core', version: 'v1', plural: 'nodes' })
    expect(router.currentRoute.value.query).toEqual({ open: 'a b/box&1' })
    expect(opened()).toBe(0)
  })
  it('leaves a click with a modifier to the browser, which opens the same address', async () => {
    const { router, click, link } = await rowWithLink()
    expect(await click({ ctrlKey: true })).toBe(true)
    expect(router.currentRoute.value.name).toBe('overview')
    expect(link.getAttribute('href')).toBe('/ui/k/core/v1/nodes?open=a%20b%2Fbox%261')
  })
})
