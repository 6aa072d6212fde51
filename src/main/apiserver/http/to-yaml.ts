// Answers as YAML, for clients that ask for `application/yaml`.

export async function toYaml(value: unknown): Promise<string> {
  const { stringify } = await import('yaml')
  return stringify(value, { version: '1.1', aliasDuplicateObjects: false, lineWidth: 0 })
}
