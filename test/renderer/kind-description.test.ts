// An empty list tells what its kind is for, in the first sentence of what the server says.
import { expect, it } from 'vitest'
import { firstSentence } from '@/composables/use-kind-description.ts'

it.each([
  ['Pod is a collection of containers. It is created by clients.', 'Pod is a collection of containers.'],
  ['NetworkPolicy describes what traffic is allowed', 'NetworkPolicy describes what traffic is allowed'],
  ['Serves networking.k8s.io/v1 objects\n  of a kind. More.', 'Serves networking.k8s.io/v1 objects of a kind.'],
  ['', ''],
])('of %j: %j', (description, told) => expect(firstSentence(description)).toBe(told))

it('says nothing rather than a paragraph without an end', () => expect(firstSentence('word '.repeat(100))).toBe(''))
