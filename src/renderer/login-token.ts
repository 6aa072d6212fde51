// The one-time token in the link: it leaves the address bar and the history before anything else reads the address.
// Imported first, since the router remembers the address that it sees.

export const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? undefined

if (token) history.replaceState(null, '', location.pathname)
