// Every place of the window is found by typing, and none that a cluster does not have.
import { describe, expect, it } from 'vitest'
import { router } from '@/router.ts'
import { commandsOf } from '@/search/commands.ts'

const namesOf = (isOurs: boolean) => commandsOf(isOurs).flatMap(({ to }) => (to ? [router.resolve(to({})).name] : []))

describe('the palette', () => {
  it('leads to every place that needs no more than its name', () => {
    const places = router
      .getRoutes()
      .filter(({ path, redirect }) => !path.includes(':') && redirect === undefined)
      .map(({ name }) => name)
    expect([...new Set(namesOf(true))].sort()).toEqual(places.sort())
  })
  it('leads to no hosts and no history of another Kubernetes', () => {
    const names = namesOf(false)
    expect(names).toContain('helm')
    expect(names).not.toContain('hosts')
    expect(names).not.toContain('timeline')
  })
})
