/** The picture of one connector: the post, the cable and the car, which fills with its state of charge. */

import { useId } from "react";
import type { Mood } from "../words";
import styles from "./scene.module.css";

interface SceneProps {
  readonly mood: Mood;
  readonly hasCar: boolean;
  readonly socPercent: number | null;
  /** What the picture shows, in words. */
  readonly label: string;
}

const CAR =
  "M210 107c-2-14 2-22 15-27l22-7c12-18 27-27 51-27h19c20 0 33 11 46 27l12 4c9 3 13 11 13 21v8c0 5-2 7-7 7H218c-5 0-7-2-8-6z";
const WINDOWS = "M257 74c8-12 18-19 35-20h7v20zM306 54h11c12 0 22 8 30 20h-41z";
const CABLE_IN_USE = "M70 92c30 0 22 42 62 38s52-32 82-32";
const CABLE_HUNG = "M70 92c26 0 30 34 12 34-14 0-12-22-6-30";
const CAR_LEFT = 208;
const CAR_WIDTH = 180;

export function Scene({ mood, hasCar, socPercent, label }: SceneProps) {
  const clip = useId();
  const level = Math.min(100, Math.max(0, socPercent ?? 0));
  return (
    <svg className={styles.scene} data-mood={mood} viewBox="0 0 400 146" role="img" aria-label={label}>
      <clipPath id={clip}>
        <path d={CAR} />
      </clipPath>
      <path className={styles.ground} d="M6 131.5h388" />
      <g className={styles.post}>
        <rect x="24" y="24" width="46" height="107" rx="9" />
        <rect className={styles.screen} x="33" y="34" width="28" height="24" rx="4" />
        <PostSign mood={mood} />
        <rect className={styles.light} x="33" y="66" width="28" height="4" rx="2" />
        <circle cx="47" cy="92" r="7" />
      </g>
      <g className={styles.car} data-present={hasCar}>
        <path className={styles.body} d={CAR} />
        {hasCar && (
          <g clipPath={`url(#${clip})`}>
            <rect
              className={styles.level}
              x={CAR_LEFT}
              y="40"
              width={CAR_WIDTH}
              height="80"
              style={{ transform: `scaleX(${level / 100})` }}
            />
          </g>
        )}
        <path className={styles.windows} d={WINDOWS} />
        <path className={styles.outline} d={CAR} />
        <g className={styles.wheels}>
          <circle cx="248" cy="115" r="15.5" />
          <circle cx="349" cy="115" r="15.5" />
          <circle className={styles.hub} cx="248" cy="115" r="5" />
          <circle className={styles.hub} cx="349" cy="115" r="5" />
        </g>
      </g>
      <path className={styles.cable} d={hasCar ? CABLE_IN_USE : CABLE_HUNG} />
      {mood === "charging" && <path className={styles.flow} d={CABLE_IN_USE} />}
      {hasCar && <circle className={styles.plug} cx="216" cy="98" r="5.5" />}
    </svg>
  );
}

function PostSign({ mood }: { mood: Mood }) {
  switch (mood) {
    case "charging":
      return <path className={styles.sign} d="M49 37.5l-6.5 9.5h4l-1.5 7.5 6.5-9.5h-4z" />;
    case "fault":
      return <path className={styles.signLine} d="M47 39.5v8.5M47 52.2v.1" />;
    case "free":
      return <path className={styles.signLine} d="m41.5 46.5 4 4 7-8" />;
    case "busy":
      return <path className={styles.signLine} d="M41.5 46h.1M47 46h.1M52.5 46h.1" />;
    case "out":
      return <path className={styles.signLine} d="M42 46h10" />;
  }
}
