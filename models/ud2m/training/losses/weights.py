"""How much each term of the loss weighs.

L_G = regression · R + perceptual · P + adversarial · A, and L_D = … + penalty · E‖∇D‖². R is meant
as the mean absolute error of images in [-1, 1], P as the feature distance, A as the generator's
loss. The paper weighs 1, 0.1, 1 and 10 or 0.01, with R the squared error of the noise, which its
smallest levels dominate; R here is the same at all levels, and with the squared error in its place
the other terms would be five to ten times too heavy.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class LossWeights:
    """Factors of the terms, none negative; 0: neither the term nor its network is used."""

    regression: float
    perceptual: float
    adversarial: float
    penalty: float  # of the discriminator's own loss

    @property
    def needs_features(self) -> bool:
        return self.perceptual > 0

    @property
    def needs_discriminator(self) -> bool:
        return self.adversarial > 0


# Lengths of the terms' gradients by the image, on 96×96 crops blurred by a Gaussian of 1 pixel:
# R 0.006, P 0.09, A 0.09 (after 120 steps of the discriminator at penalty 0.01). Values from that,
# not the result of a search:
# - perceptual 0.2 is twice the paper's and pulls 3 times as hard as the regression. With 0.1 the
#   distance in holes did not fall.
# - adversarial 0.05 pulls 0.8 times as hard as the regression, which so decides where the two
#   disagree.
# - penalty 0.01 is the paper's for LSUN. In 120 steps of four such crops the discriminator's loss
#   fell to 0.53 from log 2 with it, to 0.65 with 0.1; a stronger penalty is cheaper to obey than
#   the crops are to tell apart.
LOSSES = {
    # The mean or median of what y allows: highest PSNR, no invented texture.
    "fidelity": LossWeights(regression=1.0, perceptual=0.0, adversarial=0.0, penalty=0.0),
    # One likely image: texture at the price of PSNR.
    "perceptual": LossWeights(regression=1.0, perceptual=0.2, adversarial=0.05, penalty=0.01),
}
