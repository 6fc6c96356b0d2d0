/** A small curve without axes: how a figure went over the last minutes. */
export function Sparkline({
  values,
  label,
  width = 84,
  height = 20,
}: {
  values: readonly number[];
  label: string;
  width?: number;
  height?: number;
}) {
  return (
    <svg class="sparkline" width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      <path d={curve(values, width, height)} />
    </svg>
  );
}

/** The path of a curve from left to right, from zero at the bottom to the largest value at the top. */
export function curve(values: readonly number[], width: number, height: number): string {
  if (values.length < 2) return '';
  const top = Math.max(...values, 1e-9);
  const dx = width / (values.length - 1);
  return values
    .map((value, index) => {
      const y = height - 1.5 - (Math.max(value, 0) / top) * (height - 3);
      return `${index === 0 ? 'M' : 'L'}${(index * dx).toFixed(1)} ${y.toFixed(1)}`;
    })
    .join('');
}
