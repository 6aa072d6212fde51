// Favourites and recent places.
import { describe, expect, it } from 'vitest'
import { Pod } from '../../../src/shared/api/core/v1.ts'
import { hasPlace, placeHint, placeTitle, togglePlace, visited } from '@/favourites/places.ts'

const { group, version, plural, kind } = Pod
const pods = { group, version, plural, kind }
const pod = (name: string) => ({ ...pods, namespace: 'shop', name })

describe('favourites', () => {
  it('are kinds and objects, each once, and taken away by the same click', () => {
    const kept = togglePlace(togglePlace([], pods), pod('web'))
    expect(kept.map(placeTitle)).toEqual(['Pods', 'web'])
    expect(kept.map(placeHint)).toEqual(['kind', 'Pod in shop'])
    expect(togglePlace(kept, pods)).toEqual([pod('web')])
  })

  it('stay when the cluster serves the kind in another version', () =>
    expect(hasPlace([pods], { ...pods, version: 'v2' })).toBe(true))
})

describe('recent places', () => {
  it('are the last eight, the newest first, each once', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'b']
    const recent = names.reduce<ReturnType<typeof visited>>((places, name) => visited(places, pod(name)), [])
    expect(recent.map(placeTitle)).toEqual(['b', 'i', 'h', 'g', 'f', 'e', 'd', 'c'])
  })
})
