// Who may not list the namespaces begins in the one that the kubeconfig names: all of them at once would be refused.
import { watch } from 'vue'
import { Namespace } from '../../shared/api/core/v1.ts'
import { useSessionStore } from '../stores/session.ts'
import { useNamespaces } from './use-namespaces.ts'
import { useResourceList } from './use-resource-list.ts'

export function useUsualNamespace(): void {
  const session = useSessionStore()
  const { chosen } = useNamespaces()
  const { state } = useResourceList(Namespace)
  const stop = watch(
    state,
    current => {
      if (current === 'loading') return
      const usual = session.controlPlane?.other?.namespace
      if (current === 'forbidden' && usual && chosen.value.length === 0) chosen.value = [usual]
      // Once: whoever chooses all of them afterwards is let.
      queueMicrotask(() => stop())
    },
    { immediate: true },
  )
}
