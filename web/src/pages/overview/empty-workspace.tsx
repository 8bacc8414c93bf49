/** What to do before the first load. */
export function EmptyWorkspace() {
  return (
    <section className="empty" aria-labelledby="empty-title">
      <h1 id="empty-title">No deals yet</h1>
      <p>
        Load an export from your CRM as CSV or Parquet. Winsight finds the columns, shows how it
        read them, and sets aside the rows it cannot trust.
      </p>
      <pre>
        <code>winsight import deals.csv</code>
      </pre>
      <p>Or look around a simulated company first:</p>
      <pre>
        <code>winsight demo</code>
      </pre>
    </section>
  );
}
