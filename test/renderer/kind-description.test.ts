// An empty list tells what its kind is for: in our words, or in the first sentence of what the server says.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { effectScope, ref } from 'vue'
import { firstSentence, useKindDescription } from '@/composables/use-kind-description.ts'
import { speak } from '@/i18n/i18n.ts'
import { menuKeys } from '@/kinds/navigation.ts'
import { purposes } from '@/kinds/purpose.ts'
import { ConfigMap } from '../../src/shared/api/core/v1.ts'
import type { ResourceType } from '../../src/shared/machinery/resource-type.ts'

describe('the first sentence', () => {
  it.each([
    ['Pod is a collection of containers. It is created by clients.', 'Pod is a collection of containers.'],
    ['NetworkPolicy describes what traffic is allowed', 'NetworkPolicy describes what traffic is allowed'],
    ['Serves networking.k8s.io/v1 objects\n  of a kind. More.', 'Serves networking.k8s.io/v1 objects of a kind.'],
    ['', ''],
  ])('of %j: %j', (description, told) => expect(firstSentence(description)).toBe(told))

  it('says nothing rather than a paragraph without an end', () => expect(firstSentence('word '.repeat(100))).toBe(''))
})

describe('what a kind is for', () => {
  const Boat = { group: 'sea.example', version: 'v1', kind: 'Boat', plural: 'boats', namespaced: true }
  let scope = effectScope()
  afterEach(() => {
    scope.stop()
    scope = effectScope()
    vi.unstubAllGlobals()
    return speak('en')
  })
  const told = (type: object) => scope.run(() => useKindDescription(() => type as ResourceType<unknown>))!
  const serveDescription = (description: string) =>
    vi.stubGlobal('fetch', () =>
      Promise.resolve(
        Response.json({
          components: {
            schemas: {
              Boat: {
                type: 'object',
                description,
                'x-kubernetes-group-version-kind': [{ group: Boat.group, version: Boat.version, kind: Boat.kind }],
              },
            },
          },
        }),
      ),
    )

  it('is said of every kind of the menu, and of no other', () =>
    expect(Object.keys(purposes).sort()).toEqual([...menuKeys].sort()))

  it('is said in the language of the window, and anew when that changes', async () => {
    const text = told(ConfigMap)
    await vi.waitFor(() => expect(text.value).toBe('Settings that pods read as files or as variables.'))
    await speak('de')
    await vi.waitFor(() => expect(text.value).toBe('Einstellungen, die Pods als Dateien oder Variablen lesen.'))
  })

  it('is what the server says of kinds that others defined, where the window speaks its language', async () => {
    serveDescription('Boat carries goods. It has sails.')
    const text = told(Boat)
    await vi.waitFor(() => expect(text.value).toBe('Boat carries goods.'))
    await speak('de')
    await vi.waitFor(() => expect(text.value).toBe(''))
  })

  it('is not told while nobody asks', async () => {
    const type = ref<object>()
    const text = scope.run(() => useKindDescription(() => type.value as ResourceType<unknown> | undefined))!
    expect(text.value).toBe('')
    type.value = ConfigMap
    await vi.waitFor(() => expect(text.value).not.toBe(''))
    type.value = undefined
    await vi.waitFor(() => expect(text.value).toBe(''))
  })
})
