// The namespaces chosen in the URL (`?ns=a,b`); none = all.
import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'

export function useNamespaces() {
  const route = useRoute()
  const router = useRouter()
  const chosen = computed<readonly string[]>({
    get: () => (typeof route.query.ns === 'string' ? route.query.ns.split(',').filter(Boolean) : []),
    set(names) {
      const { ns: _ns, ...query } = route.query
      void router.replace({ query: { ...query, ...(names.length ? { ns: names.join(',') } : {}) } })
    },
  })
  const isShown = (namespace: string) => chosen.value.length === 0 || chosen.value.includes(namespace)
  /** One chosen namespace is asked for by itself; of several, the rows are picked here. */
  const forServer = computed(() => (chosen.value.length === 1 ? chosen.value[0] : undefined))
  return { chosen, isShown, forServer }
}
