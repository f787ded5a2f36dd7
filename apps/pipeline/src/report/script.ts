/**
 * The page's only script: shows each picture's slider, which draws the regions of one layer in place of all. Without
 * scripts the page shows all layers at once.
 */
export const SCRIPT = `
for (const label of document.querySelectorAll('.layers')) {
  const svg = label.closest('figure').querySelector('svg');
  const layers = svg.dataset.layers.split(' ');
  const slider = label.querySelector('input');
  const show = () => {
    const layer = layers[slider.valueAsNumber - 1];
    const name = layer === undefined ? 'all layers' : 'layer ' + layer;
    label.querySelector('output').textContent = name;
    slider.setAttribute('aria-valuetext', name);
    svg.classList.toggle('one-layer', layer !== undefined);
    for (const rect of svg.querySelectorAll('rect')) {
      rect.classList.toggle('off', layer !== undefined && !rect.dataset.layers.split(' ').includes(layer));
    }
  };
  slider.addEventListener('input', show);
  label.hidden = false;
  show();
}
`;
