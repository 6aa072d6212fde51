// What is usually entered in a field: the names of the objects that it may mean, read once somebody is in the field.
import { type ComputedRef, computed, ref } from 'vue'
import { useMetadataWhere } from '../composables/use-resource-list.ts'
import { useClusterStore } from '../stores/cluster.ts'
import { usualAt } from './choices.ts'
import { useForm } from './form-context.ts'
import type { Path } from './form-text.ts'
import { kindNamedAt } from './named-objects.ts'

interface Usual {
  readonly usual: ComputedRef<readonly string[]>
  /** Somebody is in the field. */
  readonly ask: () => void
}

/** @param place `Type.field` of the field at the path */
export function useUsual(place: () => string, path: () => Path): Usual {
  const form = useForm()
  const cluster = useClusterStore()
  const isAsked = ref(false)
  const beside = (name: string) => form.valueAt([...path().slice(0, -1), name])
  const type = computed(() => kindNamedAt(place(), beside('kind')))
  const { rows } = useMetadataWhere(() => {
    const wanted = type.value
    if (!wanted || !isAsked.value || !cluster.find(wanted.group, wanted.version, wanted.plural)) return undefined
    const own = beside('namespace') ?? form.valueAt(['metadata', 'namespace'])
    return { type: wanted, namespace: wanted.namespaced && typeof own === 'string' && own ? own : undefined }
  })
  const plurals = () => [...new Set(cluster.kinds.map(({ type: { plural } }) => plural))].sort()
  const usual = computed(() => {
    if (type.value) return rows.value.map(({ name }) => name).sort()
    return place() === 'PolicyRule.resources[]' && isAsked.value ? plurals() : usualAt(place())
  })
  return { usual, ask: () => (isAsked.value = true) }
}
