// Where a kind stands in the sidebar.
import { expect, it } from 'vitest'
import { navigationGroups } from '@/kinds/navigation.ts'

const served = (kind: string, plural: string, group = '', version = 'v1') => ({
  type: { group, version, kind, plural, namespaced: true },
  shortNames: [],
  verbs: ['list'],
  subresources: new Set<string>(),
})

it('known kinds stand in their group, defined ones after their definitions, all others by themselves', () => {
  const groups = navigationGroups([
    served('Boat', 'boats', 'example.dev'),
    served('Pod', 'pods'),
    served('CustomResourceDefinition', 'customresourcedefinitions', 'apiextensions.k8s.io'),
    served('Anchor', 'anchors', 'example.dev'),
    served('CSIDriver', 'csidrivers', 'storage.k8s.io'),
    served('Event', 'events'),
    served('Event', 'events', 'events.k8s.io'),
  ])
  expect(groups.map(({ title, kinds }) => [title, kinds.map(({ type }) => type.kind).join(', ')])).toEqual([
    ['Workloads', 'Pod'],
    ['Events', 'Event'],
    ['Custom Resources', 'CustomResourceDefinition, Anchor, Boat'],
    ['Other', 'CSIDriver'],
  ])
})
