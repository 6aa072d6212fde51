// The tag of an image reference, as far as pull policies depend on it.

/**
 * @returns the tag; `latest` when the reference has neither tag nor digest; '' for a digest alone
 * @example imageTag('registry:5000/nginx') // 'latest'
 */
export function imageTag(reference: string): string {
  const at = reference.indexOf('@')
  const named = at < 0 ? reference : reference.slice(0, at)
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1)
  if (colon >= 0) return named.slice(colon + 1)
  return at < 0 && reference ? 'latest' : ''
}

/** No name that anybody can pull is longer, tag and digest aside. */
const LONGEST = 255
const HOST = String.raw`[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*(?::\d+)?`
const PART = String.raw`[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*`
/** A host, a path of lower case, a tag, a digest: https://github.com/distribution/reference */
const REFERENCE = new RegExp(String.raw`^(?:${HOST}/)?${PART}(?:/${PART})*(?::\w[\w.-]*)?(?:@[\w+.-]+:[0-9a-fA-F]+)?$`)

/** `Always` for images that move, `IfNotPresent` for all others. */
export const defaultPullPolicy = (reference: string): string =>
  // What cannot be read as a reference has no tag.
  imageTag(reference) === 'latest' && reference.replace(/:[^:/]*$/, '').length <= LONGEST && REFERENCE.test(reference)
    ? 'Always'
    : 'IfNotPresent'
