// Closes the drawer that the URL names.
import { useRoute, useRouter } from 'vue-router'

export function useCloseDrawer(): () => void {
  const route = useRoute()
  const router = useRouter()
  return () => {
    const { open: _open, tab: _tab, kind: _kind, ...query } = route.query
    void router.push({ query })
  }
}
