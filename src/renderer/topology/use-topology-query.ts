// The state of the map in the URL, so that every view of it can be linked to and gone back to.
import { type WritableComputedRef, computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { RELATIONS, type Relation } from './graph.ts'
import { GROUPINGS, type Grouping } from './picture.ts'

export function useTopologyQuery() {
  const route = useRoute()
  const router = useRouter()
  const text = (name: string) => (typeof route.query[name] === 'string' ? route.query[name] : '')
  const param = <T>(name: string, read: (text: string) => T, write: (value: T) => string): WritableComputedRef<T> =>
    computed({
      get: () => read(text(name)),
      set(value) {
        const { [name]: _old, ...query } = route.query
        const next = write(value)
        void router.replace({ query: next ? { ...query, [name]: next } : query })
      },
    })

  return {
    groupBy: param<Grouping>(
      'by',
      value => GROUPINGS.find(each => each === value) ?? 'namespace',
      value => (value === 'namespace' ? '' : value),
    ),
    relations: param<readonly Relation[]>(
      'with',
      value => RELATIONS.filter(each => value.split(',').includes(each)),
      value => value.join(','),
    ),
    search: param(
      'q',
      value => value,
      value => value,
    ),
    focus: param<string | undefined>(
      'focus',
      value => value || undefined,
      value => value ?? '',
    ),
    errorsOnly: param(
      'errors',
      value => value === '1',
      value => (value ? '1' : ''),
    ),
    withTraffic: param(
      'traffic',
      value => value === '1',
      value => (value ? '1' : ''),
    ),
    asTree: param(
      'view',
      value => value === 'tree',
      value => (value ? 'tree' : ''),
    ),
  }
}
