// Reads ginkgo's JSON report.

/**
 * @param {string} text of the report
 * @returns rows `{ name, state, message, seconds }` of the tests that ran, by name, and their counts
 */
export function readReport(text) {
  const rows = JSON.parse(text)
    .flatMap(suite => suite.SpecReports ?? [])
    .filter(spec => spec.LeafNodeType === 'It' && spec.State !== 'skipped' && spec.State !== 'pending')
    .map(spec => ({
      name: [...(spec.ContainerHierarchyTexts ?? []), spec.LeafNodeText].join(' '),
      state: spec.State,
      message: spec.Failure?.Message?.replaceAll(/\s+/g, ' ').slice(0, 400),
      seconds: spec.RunTime / 1e9,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const passed = rows.filter(({ state }) => state === 'passed').length
  return { rows, passed, failed: rows.length - passed }
}
